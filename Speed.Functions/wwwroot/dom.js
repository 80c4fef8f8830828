// Elements in one line each. Whatever is given as text stays text: nothing here reads HTML. Control characters in it are
// shown and not obeyed, and so are those that turn the direction of writing, for they make text read as what it is not.

const shown = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The nodes of a text: strings, and spans for what is shown. */
export function visible(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(shown)) {
    const span = document.createElement('span');
    span.className = 'control';
    span.title = nameOf(match[0]);
    span.textContent = visibly(match[0]);
    nodes.push(text.slice(from, match.index), span);
    from = match.index + 1;
  }
  nodes.push(text.slice(from));
  return nodes.filter(node => node !== '');
}

/** The same where no nodes can be. */
export function visibly(text) {
  return text.replace(shown, character => {
    const code = character.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? '\u2421' : `<${nameOf(character)}>`;
  });
}

function nameOf(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Has an element say this and nothing else. */
export function say(element, text) {
  element.replaceChildren(...visible(text));
}

/**
 * Makes an element. Attributes that are null, undefined or false are left out; one that is a function listens to the
 * event of its name. Children are nodes, strings, or nothing where null.
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(key, value);
    } else if (value === true) {
      element.setAttribute(key, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, key === 'title' || key === 'aria-label' ? visibly(String(value)) : value);
    }
  }
  element.append(...childrenOf(children));
  return element;
}

function childrenOf(children) {
  return children
    .flat()
    .filter(child => child !== null && child !== undefined)
    .flatMap(child => (child instanceof Node ? [child] : visible(String(child))));
}

/** A link to an address that somebody else chose; plain text unless it is http or https. */
export function outward(address, text = address) {
  return /^https?:\/\//i.test(address) ? h('a', { href: address, rel: 'noreferrer', target: '_blank' }, text) : text;
}

/**
 * Gives `parent` these children, and leaves in place each that is there already: focus and selection survive, and a screen
 * reader hears of what is new. What the clock writes (`data-ago`, `data-since`) does not count.
 */
export function paint(parent, ...children) {
  const next = childrenOf(children).map(child => (typeof child === 'string' ? document.createTextNode(child) : child));
  next.forEach((child, n) => {
    const old = parent.childNodes[n];
    if (old === undefined) {
      parent.append(child);
    } else if (!withoutTime(old).isEqualNode(withoutTime(child))) {
      old.replaceWith(child);
    }
  });
  while (parent.childNodes.length > next.length) {
    parent.lastChild.remove();
  }
}

function withoutTime(node) {
  const copy = node.cloneNode(true);
  copy.querySelectorAll?.('[data-ago], [data-since]').forEach(element => element.replaceChildren());
  return copy;
}

/** Keeps one child of `parent` for each item, in their order; one whose key is as before stays as it is. */
export function paintList(parent, items, keyOf, make) {
  const before = new Map([...parent.children].map(child => [child.dataset.key, child]));
  const next = items.map(item => {
    const key = keyOf(item);
    const child = before.get(key) ?? make(item);
    child.dataset.key = key;
    return child;
  });
  if (next.length !== parent.children.length || next.some((child, n) => parent.children[n] !== child)) {
    parent.replaceChildren(...next);
  }
}
