/** pgproof's version, as the manifest records it; a test keeps it equal to package.json's. */
export const version = '0.1.0';
