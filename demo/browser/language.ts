/** The reader's language, the same on every page of the harness. */
export type Language = 'en' | 'it';

const storageKey = 'language';

/** The reader's choice, else the browser's first language, else English. */
export const chosenLanguage = (): Language => {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(storageKey);
  return (asked ?? navigator.language).toLowerCase().startsWith('it') ? 'it' : 'en';
};

export const rememberLanguage = (language: Language): void => localStorage.setItem(storageKey, language);
