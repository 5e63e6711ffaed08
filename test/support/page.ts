/** The page under test: the tag, with whatever attributes the query names. */
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);

const ownParameters = new Set(['bare']);

/** `?bare` leaves the tag out. */
export const testPage = (query: URLSearchParams, head: string): string => {
  const attributes = [...query]
    .filter(([name]) => !ownParameters.has(name))
    .map(([name, value]) => ` ${name}="${escapeHtml(value)}"`)
    .join('');
  const tag = query.has('bare') ? '' : `<meeting-join-telemetry${attributes}></meeting-join-telemetry>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Join the meeting</title>
<link rel="icon" href="data:,">
${head}
<script type="module" src="/dist/meeting-join-telemetry.js"></script>
</head>
<body>
<button data-meeting-join="native">Join</button>
${tag}
</body>
</html>`;
};
