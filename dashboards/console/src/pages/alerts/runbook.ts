// The pages of docs/runbooks: what an alert means, what to check, what to do. They are part of
// the console, so that they can be read where there is no Internet.

/** A piece of a page; text may hold `names` in backticks. */
export type Block = { kind: 'title'; text: string } | { kind: 'text'; text: string } | { kind: 'list'; items: string[] }

export interface Runbook {
  /** Names of the alerts that it is about. */
  alerts: string[]
  vi: Block[]
  en: Block[]
}

/** Reads a page: a title, the alerts, then Vietnamese and, below a line, English. */
export function parseRunbook(page: string): Runbook {
  const [, names = '', ...rest] = page.split(/\n\s*\n/)
  const [vi = [], en = []] = splitAt(rest)
  return { alerts: [...names.matchAll(/`(\w+)`/g)].map((m) => m[1]!), vi: vi.map(block), en: en.map(block) }
}

function splitAt(parts: string[]): [string[], string[]] {
  const pieces = parts.map((p) => p.trim()).filter((p) => p !== '')
  const at = pieces.indexOf('---')
  return at < 0 ? [pieces, pieces] : [pieces.slice(0, at), pieces.slice(at + 1)]
}

function block(piece: string): Block {
  if (piece.startsWith('#')) return { kind: 'title', text: piece.replace(/^#+\s*/, '') }
  if (/^[-*] /.test(piece)) return { kind: 'list', items: piece.split(/\n(?=[-*] )/).map((l) => l.replace(/^[-*] /, '').replace(/\s*\n\s*/g, ' ')) }
  return { kind: 'text', text: piece.replace(/\s*\n\s*/g, ' ') }
}

/** Text with links and marks of Markdown taken out, cut where `code` begins and ends: odd pieces are code. */
export const codeParts = (text: string): string[] => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/\*\*([^*]*)\*\*/g, '$1').split('`')
