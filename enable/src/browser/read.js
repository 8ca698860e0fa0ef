// What a person sees around an element: the texts and links of its row, and the texts elsewhere on the page that may name a server.
// It runs in a world of its own: the page's scripts neither see nor change it, and it changes nothing.
function () {
  const page = this.ownerDocument, view = page.defaultView;
  const isLarge = box => box.right - box.left >= 4 && box.bottom - box.top >= 4;
  const overlap = (one, other) => ({
    left: Math.max(one.left, other.left), right: Math.min(one.right, other.right),
    top: Math.max(one.top, other.top), bottom: Math.min(one.bottom, other.bottom),
  });
  const isSeen = (element, boxes, within) => {
    let opacity = 1, left = [...boxes];
    if (within) left = left.map(box => overlap(box, within.getBoundingClientRect()));
    const { visibility, color } = view.getComputedStyle(element);
    if (visibility !== 'visible' || /^rgba\(.*, 0(\.0\d*)?\)$/.test(color)) return false;
    for (let at = element; at; at = at.parentElement) {
      const style = view.getComputedStyle(at);
      opacity *= Number(style.opacity);
      const isCut = style.clipPath !== 'none' || style.clip !== 'auto' || style.filter.includes('opacity(');
      if (at.getAttribute('aria-hidden') === 'true' || opacity < 0.1 || isCut) return false;
      const isBox = at !== page.documentElement && at !== page.body && style.display !== 'inline';
      if (isBox && style.overflow !== 'visible') left = left.map(box => overlap(box, at.getBoundingClientRect()));
    }
    return left.some(box => isLarge(box) && box.right + view.scrollX > 0 && box.bottom + view.scrollY > 0);
  };
  const boxesOf = node => {
    const range = page.createRange();
    range.selectNodeContents(node);
    return range.getClientRects();
  };
  const NO_TEXT = 'script, style, template, noscript';
  const seenTexts = (top, leftOut, within) => {
    const found = [], walker = page.createTreeWalker(top, 4);
    for (let node = walker.nextNode(); node && found.length < 5000; node = walker.nextNode()) {
      const isRead = node.data.trim() && !node.parentElement.closest(leftOut);
      if (isRead && isSeen(node.parentElement, boxesOf(node), within)) found.push(node);
    }
    return found;
  };
  const ROW = 'li, tr, [role=listitem], [role=row]';
  const row = this.closest(ROW);
  const texts = row ? seenTexts(row, NO_TEXT + ', button, [role=button]', row) : [];
  const links = [...(row ? row.querySelectorAll('a[href]') : [])].filter(link =>
    texts.some(text => link.contains(text))
    || [link, ...link.querySelectorAll('img, svg')].some(part => isSeen(part, part.getClientRects(), row)));
  const blocks = new Map();
  const ASIDE = 'nav, footer, [role=navigation], [role=banner], [role=contentinfo]';
  const isAside = element => {
    const header = element.closest('header');
    return element.closest(ASIDE) || (header && !header.closest('main, article, section'));
  };
  for (const text of seenTexts(page.documentElement, NO_TEXT + ', ' + ROW, null)) {
    if (isAside(text.parentElement)) continue;
    let block = text.parentElement;
    while (block.parentElement && /^(inline|contents)/.test(view.getComputedStyle(block).display)) block = block.parentElement;
    blocks.set(block, (blocks.get(block) || '') + text.data);
  }
  const isHeading = block => block.closest('h1, h2, h3, h4, h5, h6, [role=heading]');
  const named = [...blocks].filter(([block, text]) => isHeading(block) || /connect/i.test(text));
  return JSON.stringify({
    seen: isSeen(this, boxesOf(this), null),
    texts: texts.map(text => text.data),
    links: links.map(link => link.origin === view.location.origin ? link.pathname : link.href),
    named: named.map(([, text]) => text.slice(0, 2000)).slice(0, 100),
  });
}
