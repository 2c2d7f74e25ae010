import { type Client, DatabaseError } from 'pg';

/**
 * What initdb gave the cluster: the same on its standbys and after a restore of its disk, another one after pg_upgrade, of
 * which the server makes a number of 64 bits (pg_control_system). Undefined where this server, or whoever runs it, does not
 * let it be read: a backup can do without. Not to be asked within a transaction, which a refusal would end.
 *
 * @throws what a connection that broke throws
 */
export async function readSystemIdentifier(client: Client): Promise<string | undefined> {
  try {
    // Asked first, as a server writes every refusal to its log, where it would be found night after night.
    const { rows: rights } = await client.query<{ may: boolean | null }>(
      `select pg_catalog.has_function_privilege(
                pg_catalog.to_regprocedure('pg_catalog.pg_control_system()')::oid, 'execute') as may`,
    );
    if (rights[0]?.may !== true) return undefined;
    const { rows } = await client.query<{ identifier: string }>(
      'select system_identifier::text as identifier from pg_catalog.pg_control_system()',
    );
    return rows[0] && asUnsigned(rows[0].identifier);
  } catch (error: unknown) {
    // 08 and 57: the connection and the server themselves, which the backup must hear of.
    if (error instanceof DatabaseError && !/^(?:08|57)/.test(error.code ?? '')) return undefined;
    throw error;
  }
}

/** Its first half are the seconds at initdb: from 2038 on the function, which knows signed numbers only, says it negative. */
function asUnsigned(identifier: string): string | undefined {
  return /^-?\d{1,19}$/.test(identifier) ? BigInt.asUintN(64, BigInt(identifier)).toString() : undefined;
}
