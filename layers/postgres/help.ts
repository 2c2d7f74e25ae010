import { defaultLocales } from './locales.ts';
import { debianMajors } from './package-sources.ts';

/** What `--help` prints. */
export const help = `Builds PostgreSQL's programs for Lambda from this machine's Debian or Ubuntu package mirror.

npm run layers -- [--major ${debianMajors.join(',')}] [--arch arm64,x86_64] [--into DIR]
npm run layers -- --server [--major …] [--arch …] [--extension NAME,…] [--locale NAME,…] [--into DIR]
npm run layers -- --update [--server] [--major …] [--arch …] [--into DIR]

--major          major versions; default ${debianMajors.join(',')}
--arch           arm64, x86_64; default both
--server         the server too, for verification by restore; one major is one layer
--extension      packages of the distribution to add: pgvector,postgis,…; none for none at all.
                 -postgis_raster leaves out one extension of what is added. Default: as it was built
--locale         locales of the C library to add: de_DE.UTF-8,…; always there are
                 ${defaultLocales.join(', ')}
--update         asks the mirror for newer versions of what is built, and rebuilds where there are
--max-age-days   the same, but only of what was last checked longer ago; without network nothing changes
--into           where to build; default layers/postgres/build

Standard output is the directory of each layer; standard error tells the progress and the sizes.
Exit status: 0 done, 1 failed, 2 called wrongly, 130 or 143 interrupted.
`;
