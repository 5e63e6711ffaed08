/**
 * The panel in the language of the page. Every text has an id and a locale module maps ids to texts, so another
 * language is one file in `locales/` and one line here. The tests see to it that none lacks a text.
 */
import { configureLocalization, type LocaleModule } from '@lit/localize';

const sourceLocale = 'en';

const loaders: Record<string, () => Promise<LocaleModule>> = {
  it: () => import('./locales/it.js'),
};

const targetLocales = Object.keys(loaders);

const { setLocale, getLocale } = configureLocalization({
  sourceLocale,
  targetLocales,
  loadLocale: locale => loaders[locale]?.() ?? Promise.reject(new Error(`no locale ${locale}`)),
});

const isKnown = (language: string) => language === sourceLocale || targetLocales.includes(language);

/** The first of these languages that there is. Italian of Switzerland is Italian. */
const pick = (wanted: readonly string[]) =>
  wanted.map(tag => tag.toLowerCase().split('-')[0] ?? '').find(isKnown) ?? sourceLocale;

/** As the page says (`lang` on the panel or around it), else as the browser is set. @returns the language in force */
export const localize = async (panel: HTMLElement): Promise<string> => {
  const lang = panel.closest<HTMLElement>('[lang]')?.lang;
  const locale = pick(lang ? [lang] : navigator.languages);
  // Without the file of a language there is still English.
  if (locale !== getLocale()) await setLocale(locale).catch(() => {});
  return getLocale();
};
