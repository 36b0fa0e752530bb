// Makes HTML of markdown for pages that show answers: `renderMarkdown(text)` gives a fragment to put into the page.
// A model may have read anything, so nothing in its answer may run, load or send something: markup is shown as text,
// pictures become links, and links lead to the web or to mail only.
(() => {
  const { marked, DOMPurify } = globalThis;
  const TAGS =
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong del a table thead tbody tr th td input";
  const ATTRIBUTES = ["href", "title", "start", "align", "class", "type", "checked", "disabled"];

  const escapeText = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

  const parser = new marked.Marked({ gfm: true, breaks: true });
  parser.use({
    renderer: {
      html: ({ text }) => escapeText(text),
      image: ({ text, href }) => `<a href="${escapeText(href)}">${escapeText(text || href)}</a>`,
    },
  });
  const purify = DOMPurify(globalThis.window);

  globalThis.renderMarkdown = (text) => {
    const fragment = purify.sanitize(parser.parse(String(text)), {
      ALLOWED_TAGS: TAGS.split(" "),
      ALLOWED_ATTR: ATTRIBUTES,
      ALLOW_DATA_ATTR: false,
      ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
      // Without this, the rule for addresses would remove all other attributes, too.
      ADD_URI_SAFE_ATTR: ATTRIBUTES.filter((name) => name !== "href"),
      RETURN_DOM_FRAGMENT: true,
    });
    for (const link of fragment.querySelectorAll("a")) {
      link.target = "_blank";
      link.rel = "noopener noreferrer nofollow";
    }
    for (const box of fragment.querySelectorAll("input")) {
      if (box.type === "checkbox") box.disabled = true;
      else box.remove();
    }
    return fragment;
  };
})();
