/**
 * What `pgproof init` writes: every part of a night once, what is optional as a comment. A test reads it as it stands.
 *
 * @param schema where the JSON Schema lies, for editors that know the language server for YAML
 */
export function exampleConfig({ schema }: { readonly schema: string | undefined }): string {
  const line = schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`;
  return `${line}${body}`;
}

const body = `# A night of pgproof: pgproof run --config /etc/pgproof/pgproof.yaml
# Every key is explained in docs/plain-server.md. Nothing in this file is secret: where a password is needed it says
# where that lies.

sources:
  - name: shop                       # the first part of every backup's id
    url: postgresql://pgproof@localhost/postgres
    # Where the password lies, unless ~/.pgpass has it. One of:
    #   { env: NAME }                an environment variable
    #   { file: shop.password }      a file beside this one, chmod 600
    #   { credential: shop }         systemd: LoadCredential=shop:/etc/pgproof/shop.password
    # password: { file: shop.password }
    # databases: [app, crm]          # default: all but templates and postgres
    schedules:
      - name: nightly
        cron: 0 2 * * *              # as in crontab(5)
        timeZone: UTC                # such as Europe/Berlin
    # checks:                        # SQL that must be true in what was restored
    #   - { database: app, sql: select count(*) > 1000 from orders }

stores:
  - name: local
    url: file:///var/lib/pgproof/backups

# Whom RECOVERY.md beside the backups says to ask when a database is lost.
# contact: DBA on call, dba@example.com

# A second place, off this machine. Each byte is checked there.
# copies:
#   - name: offsite
#     url: s3://my-bucket/postgres
#     region: eu-central-1
#     accessKey: { id: AKIA..., secret: { file: offsite.key } }
#     prune: { keep: { daily: 30, monthly: 24 } }

# What is kept; the rest is deleted. Without it nothing ever is.
prune:
  keep: { daily: 7, weekly: 4, monthly: 12 }

verify:
  level: auto                        # restore where that fits into room and time, else read

# Who hears of failures. Without it only whoever reads what cron mails, or systemctl --failed.
# notify:
#   smtp:
#     host: mail.example.com
#     user: pgproof
#     password: { file: mail.password }
#     from: pgproof@example.com
#     to: [ops@example.com]
`;
