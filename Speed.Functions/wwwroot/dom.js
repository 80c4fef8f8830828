// Elements in one line each. Whatever is given as text stays text: nothing here reads HTML.

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
      element.setAttribute(key, value);
    }
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
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
  const next = children
    .flat()
    .filter(child => child !== null && child !== undefined)
    .map(child => (typeof child === 'string' ? document.createTextNode(child) : child));
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
