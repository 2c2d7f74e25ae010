/** Whether the long campaigns are wanted (`npm run test:long`), of which `npm test` takes a short draw. */
export const isLong = process.env.PGPROOF_TEST_LONG !== undefined;
