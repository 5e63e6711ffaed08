/**
 * Runs at once, or when the person really comes to a page that the browser prerendered: nobody has seen it until then,
 * so nothing may be recorded. https://wicg.github.io/nav-speculation/prerendering.html#eventdef-document-prerenderingchange
 */
export const whenActivated = (run: () => void, signal: AbortSignal): void => {
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener('prerenderingchange', run, { once: true, signal });
  } else run();
};
