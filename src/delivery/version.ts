/** As in package.json, which a test holds it to: a bundler of others must find it here, where nothing is replaced. */
export const version = '0.3.0';
