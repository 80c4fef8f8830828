// Log text as nodes. What a program prints is data: SGR colors it (ECMA-48, 8.3.117), every other control character is
// shown and not obeyed, and so are those that turn the direction of writing, for they make text read as what it is not.

import { visible } from './dom.js';

const sgr = /\u001b\[([0-9;:]*)m/g;
const colors = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** The nodes of one line: plain text, and spans for what is colored or shown. */
export function nodesOf(text) {
  const nodes = [];
  let style = {};
  let from = 0;
  for (const match of text.matchAll(sgr)) {
    nodes.push(...styled(text.slice(from, match.index), style));
    style = apply(style, match[1].split(/[;:]/).map(Number));
    from = match.index + match[0].length;
  }
  nodes.push(...styled(text.slice(from), style));
  return nodes;
}

function styled(text, style) {
  if (text === '') {
    return [];
  }
  const nodes = visible(text);
  const classes = [style.color && `fg-${style.color}`, style.back && `bg-${style.back}`, ...(style.marks ?? [])];
  const isPlain = classes.every(one => !one) && !style.rgb && !style.backRgb;
  if (isPlain) {
    return nodes;
  }
  const span = document.createElement('span');
  span.className = classes.filter(Boolean).join(' ');
  // Through the object model, for the page's policy refuses style attributes.
  span.style.color = style.rgb ?? '';
  span.style.backgroundColor = style.backRgb ?? '';
  span.append(...nodes);
  return [span];
}

function apply(style, codes) {
  const next = { ...style, marks: [...(style.marks ?? [])] };
  for (let n = 0; n < codes.length; n++) {
    const code = codes[n];
    if (code === 0) {
      Object.assign(next, { color: null, rgb: null, back: null, backRgb: null, marks: [] });
    } else if (code === 38 || code === 48) {
      const [rgb, used] = extended(codes, n + 1);
      Object.assign(next, code === 38 ? { color: null, rgb } : { back: null, backRgb: rgb });
      n += used;
    } else if (code === 39 || code === 49) {
      Object.assign(next, code === 39 ? { color: null, rgb: null } : { back: null, backRgb: null });
    } else if (isColor(code)) {
      const name = (code >= 90 ? 'bright-' : '') + colors[code % 10];
      Object.assign(next, isBack(code) ? { back: name, backRgb: null } : { color: name, rgb: null });
    } else {
      next.marks = mark(next.marks, code);
    }
  }
  return next;
}

function isColor(code) {
  return code % 10 < 8 && [3, 4, 9, 10].includes(Math.floor(code / 10));
}

function isBack(code) {
  return [4, 10].includes(Math.floor(code / 10));
}

function mark(marks, code) {
  const on = { 1: 'bold', 2: 'faint', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'struck' }[code];
  const off = { 22: ['bold', 'faint'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['struck'] }[code] ?? [];
  return on ? [...new Set([...marks, on])] : marks.filter(one => !off.includes(one));
}

// `5;n` is one of 256 colors, `2;r;g;b` one of all; gives it and how many numbers it took.
function extended(codes, at) {
  if (codes[at] === 2) {
    return [
      `rgb(${codes
        .slice(at + 1, at + 4)
        .map(byte)
        .join(' ')})`,
      4,
    ];
  }
  return codes[at] === 5 ? [indexed(byte(codes[at + 1])), 2] : [null, 0];
}

function indexed(n) {
  if (n < 16) {
    return [
      '#000',
      '#a00',
      '#0a0',
      '#a50',
      '#00a',
      '#a0a',
      '#0aa',
      '#aaa',
      '#555',
      '#f55',
      '#5f5',
      '#ff5',
      '#55f',
      '#f5f',
      '#5ff',
      '#fff',
    ][n];
  }
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = part => (part === 0 ? 0 : 55 + part * 40);
  const cube = n - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}

function byte(value) {
  return Math.min(255, Math.max(0, value || 0));
}
