/**
 * A random UUID. Insecure contexts have no `randomUUID`, but every blob URL ends in a new one
 * (https://w3c.github.io/FileAPI/#unicodeBlobURL).
 */
export const uuid = (): string => {
  if (crypto.randomUUID) return crypto.randomUUID();
  const url = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(url);
  return url.slice(-36);
};
