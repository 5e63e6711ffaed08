/**
 * Takes out of free text what may say who somebody is or which meeting it was, and leaves what tells where it broke:
 * the origin, the script's name, line and column. Order matters: each rule works on what the ones before it left.
 *
 * What it cannot know stays: a name or a meeting key that stands bare in a sentence ("Amos joined ABC123").
 */

/** Longer text is cut before it is read, at a gap, so that no half of an address stays behind; several bounds long. */
const maxLength = 12_000;

/** What the native clients and phones are called with: the whole of it says whom. */
const uri = /\b(?:sips?|tel|mailto|conf|im|xmpp|callto|data|lync\d*|ms-\w+|msteams|zoom\w+)(?::|%3a)[^\s"<>]+/gi;

/** Meeting keys, passcodes and names as `key=value`, encoded or not, and as JSON. */
const field =
  /\b((?:conf|conversation|meeting|thread|organi[sz]er|pass|pin|pwd|token|key|user|id)\w*\\?["']?(?:=|%3d|(?<=["']):)\s*\\?["']?)[^\s"'&;,)\\]+/gi;

/** The folders of a Windows path, with the blanks they may hold; and to the end of the line where no file follows. */
const folders = /\b[a-z]:\\+(?:[^\\/:*?"<>|\n]+\\+)*(?:(?![\w.-]+\.\w)[^\n"<>:]*)?/gi;

/** A URL, `host/path` or `/path`, to its end; the groups are all before the path, the path, and `:line:column`. */
const place =
  /(\b[a-z][\w+.-]*:\/\/[^\s/?#"<>]*|[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+(?::\d+)?(?=\/)|(?<![\p{L}\p{N}.\]])(?=\/))([^\s"<>]*?)((?::\d+){0,2})(?=[)'.,;]*(?:[\s"<>]|$))/giu;

/** Schemes of pages and scripts; any other names a client, and in it a meeting. */
const web = /^((https?|wss?|file|webpack|\w+-extension):|[^:]*(:\d+)?$)/i;

/** A path without its query: folders, and the script or page at its end. */
const parts = /^([^?#]*?)(\/[\w.-]+\.(?:[cm]?[jt]sx?|css|wasm|html?))?(?:[?#].*)?$/;

const toPlace = (_: string, before: string, path: string, position: string) => {
  if (!web.test(before)) return '[uri]';
  const [, folder = '', file = ''] = parts.exec(path) ?? [];
  return before.replace(/\/\/.*@/, '//') + (folder.length > 1 ? '/[path]' : folder) + file + position;
};

/** Not what stands before the scheme in `function@https://…` of Gecko and WebKit. */
// The full-width at sign is escaped: one character beyond Latin-1 doubles the whole script in memory.
const address =
  /(?:"[^"\n]{1,64}"|[^\s"'<>()[\]@\uff20/:;,=&?#]{1,200})(?:[@\uff20]|%40)(?![\w-]+:(?:\/|http))[\p{L}\p{N}[][\p{L}\p{M}\p{N}.-]*/giu;

/** IPv4 and IPv6, mixed and with a zone; not `:line:column`. */
const ip = /(?<!\w)(?=[\da-f:.]*::|(?:[\da-f]{1,4}:){5}|(?:\d{1,3}\.){3}\d)[\da-f:.]{2,}(?:%\w+)?(?![\w:])/gi;

/** UUIDs and their like; telephone numbers and numeric meeting ids. */
const id = /(?<!\w)(?:[\da-f]-?){24,}(?!\w)|\+?\d(?:[ ().-]{0,2}\d){8,}/gi;

export const scrub = (text: string): string =>
  (text.length > maxLength ? text.slice(0, maxLength).replace(/\S+$/, '') : text)
    .replace(uri, '[uri]')
    .replace(field, '$1[id]')
    .replace(folders, '[path]')
    .replace(place, toPlace)
    .replace(address, '[address]')
    .replace(ip, '[ip]')
    .replace(id, '[id]');

/** What other software wrote: the attributes in whose values anything may stand. */
export const isFreeText = (name: string): boolean => /^(exception|meeting\.join\.error)\./.test(name);
