import type { Settings } from './keywords.ts';
import type { LocalFiles } from './local-files.ts';
import { findService, ServiceFileInvalid } from './service-file.ts';

// PGSYSCONFDIR's default is compiled into libpq: Debian's and Red Hat's packages, then a build from source.
const systemDirectories = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/usr/local/pgsql/etc'];

type Lookup = {
  readonly explicit: Settings;
  readonly environment: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string | undefined;
  readonly files: LocalFiles;
};

/**
 * The settings of the service that `service=` or PGSERVICE names: from the user's file (servicefile,
 * PGSERVICEFILE, ~/.pg_service.conf), then from the system's. A file that was named must exist.
 * @throws ServiceFileInvalid
 */
export function serviceSettings({ explicit, environment, env, home, files }: Lookup): Settings {
  const service = explicit.service ?? environment.service;
  if (service === undefined || service === '') return {};
  const named = explicit.servicefile ?? environment.servicefile;
  if (named !== undefined && files.stat(named) === undefined) {
    throw new ServiceFileInvalid({
      what: 'The connection service file does not exist',
      got: named,
      fix: 'Correct PGSERVICEFILE (or servicefile).',
    });
  }
  const own = named ?? (home === undefined ? undefined : `${home}/.pg_service.conf`);
  const system = env.PGSYSCONFDIR === undefined ? systemDirectories : [env.PGSYSCONFDIR];
  const paths = [...(own === undefined ? [] : [own]), ...system.map((path) => `${path}/pg_service.conf`)];
  for (const path of paths) {
    const text = files.read(path);
    const found = text === undefined ? undefined : findService(text, service, path);
    if (found !== undefined) return found;
  }
  throw new ServiceFileInvalid({
    what: 'No connection service file has this service',
    got: service,
    expected: `a section [${service}] in one of ${paths.join(', ')}`,
    fix: 'Correct the name or add the section.',
  });
}
