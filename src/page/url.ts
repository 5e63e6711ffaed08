/** Absolute, as this page means it; '' where there is none. */
export const toUrl = (text: string): string => {
  try {
    return text && new URL(text, document.baseURI).href;
  } catch {
    return '';
  }
};
