/** The version of the command line, as in its package.json (a test compares them). */
export const version = "0.1.0";
