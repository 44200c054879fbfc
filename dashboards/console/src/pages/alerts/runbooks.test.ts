import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codeParts, parseRunbook } from './runbook'
import { known, runbookOf } from './runbooks'
import { ruleTitle } from './titles'
import { language } from '../../words'

const rules = '../../deploy/rules/'
const shipped = readdirSync(rules)
  .filter((f) => f.endsWith('.yml'))
  .flatMap((f) => [...readFileSync(rules + f, 'utf8').matchAll(/- alert: (\w+)/g)].map((m) => m[1]!))

test('every shipped rule has a runbook and a name in both languages', () => {
  expect(shipped.length).toBeGreaterThan(40)
  expect(shipped.filter((name) => !known().includes(name))).toEqual([])
  for (const lang of ['vi', 'en'] as const) {
    language.value = lang
    expect(shipped.filter((name) => ruleTitle(name) === name && name !== 'Watchdog')).toEqual([])
  }
})

test('a page is read in both languages, with its titles and lists', () => {
  const book = runbookOf('AccessPointSilent')!
  expect(book.vi[0]).toEqual({ kind: 'title', text: 'Ý nghĩa' })
  expect(book.en.filter((b) => b.kind === 'list').length).toBeGreaterThan(1)
  expect(runbookOf('OfOurOwn')).toBeUndefined()
})

test('what is not Markdown of ours stays text', () => {
  const book = parseRunbook('# T\n\n`A`\n\nmột\n\n---\n\n- x `y` <b>\n  z')
  expect(book).toEqual({ alerts: ['A'], vi: [{ kind: 'text', text: 'một' }], en: [{ kind: 'list', items: ['x `y` <b> z'] }] })
  expect(codeParts('a `b` [c](d) **e**')).toEqual(['a ', 'b', ' c e'])
})
