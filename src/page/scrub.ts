/** Takes out of free text what may say who somebody is or which meeting it was. */
export const scrub = (text: string): string =>
  text
    .replace(/\b(?:sips?|mailto|tel|conf|im|xmpp):[^\s"'<>)]+/gi, '[uri]')
    .replace(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '[address]')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '[ip]')
    .replace(
      /(\bhttps?:\/\/[^\s/"'<>)]+)(\/[^\s"'<>)]*?)(?=(?::\d+){0,2}(?:[\s"'<>)]|$))/gi,
      (_, origin, path) => `${origin}${path.replace(/[?#].*$/, '')}`,
    );
