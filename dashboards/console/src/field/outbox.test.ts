import { beforeEach, expect, test } from 'vitest'
import { Problem } from '../api/client'
import { Outbox, type Waiting, expired } from './outbox'

const now = Date.parse('2026-11-22T03:00:00Z')
const clock = () => now
const entry = (id: string, more: Partial<Waiting> = {}): Waiting => ({ id, account: 'lan', alert: 'a1', title: 'Wi-Fi chậm', action: 'comment', body: { text: id }, at: now, ...more })
const offline = () => new Problem(0, 'offline', '')

beforeEach(() => localStorage.clear())

function boxWith(answers: (w: Waiting) => void): { box: Outbox; sent: string[] } {
  const sent: string[] = []
  const box = new Outbox(localStorage, async (w) => {
    sent.push(w.id)
    answers(w)
  })
  return { box, sent }
}
const ids = (box: Outbox) => box.entries.value.map((e) => e.id)

test('what was done is kept until it was taken, in order, through a closed page', async () => {
  const { box, sent } = boxWith(() => {
    throw offline()
  })
  box.add(entry('second', { at: now + 1 }))
  box.add(entry('first'))
  expect(await box.flush('lan', clock)).toBe('away')
  expect(sent).toEqual(['first']) // nothing overtakes what could not be sent
  const reopened = boxWith(() => {})
  expect(ids(reopened.box)).toEqual(['first', 'second'])
  expect(await reopened.box.flush('lan', clock)).toBe('sent')
  expect(reopened.sent).toEqual(['first', 'second'])
  expect(new Outbox(localStorage, async () => {}).entries.value).toEqual([])
})

test('an answer that was lost is asked for again with the same id', async () => {
  let lost = true
  const { box, sent } = boxWith(() => {
    if (lost) throw offline()
  })
  box.add(entry('once'))
  await box.flush('lan', clock)
  lost = false
  await box.flush('lan', clock)
  expect(sent).toEqual(['once', 'once'])
  expect(ids(box)).toEqual([])
})

test.each([500, 503, 429, 408])('the service is away: %d', async (status) => {
  const { box } = boxWith(() => {
    throw new Problem(status, '', '')
  })
  box.add(entry('e'))
  expect(await box.flush('lan', clock)).toBe('away')
  expect(box.entries.value[0]?.refused).toBeUndefined()
})

test('what is refused stays with its reason, and what comes after it is sent', async () => {
  const { box, sent } = boxWith((w) => {
    if (w.id === 'bad') throw new Problem(422, 'Unprocessable Entity', 'text is needed')
  })
  box.add(entry('bad'))
  box.add(entry('good', { at: now + 1 }))
  expect(await box.flush('lan', clock)).toBe('sent')
  expect(box.entries.value).toMatchObject([{ id: 'bad', refused: 'text is needed' }])
  await box.flush('lan', clock)
  expect(sent).toEqual(['bad', 'good'])
  box.forget('bad')
  expect(ids(box)).toEqual([])
})

test('the reason is kept, to be said in whatever language is read later', async () => {
  const reason = { code: 'text-too-long', params: { field: 'text', bytes: '3000', most: '2000' } }
  const { box } = boxWith(() => {
    throw new Problem(422, 'Unprocessable Entity', 'too long', [], undefined, reason)
  })
  box.add(entry('long'))
  await box.flush('lan', clock)
  expect(box.entries.value).toMatchObject([{ refused: 'too long', reason }])
})

test('a conflict is tried a few times and then told', async () => {
  const { box, sent } = boxWith(() => {
    throw new Problem(409, 'Conflict', 'nobody has the alert in hand')
  })
  box.add(entry('e'))
  expect(await box.flush('lan', clock)).toBe('sent')
  expect(sent.length).toBe(3)
  expect(box.entries.value[0]?.refused).toBe('nobody has the alert in hand')
})

test('without a session everything waits, and nobody sends what another did', async () => {
  let session = false
  const { box, sent } = boxWith(() => {
    if (!session) throw new Problem(401, '', '')
  })
  box.add(entry('lans'))
  box.add(entry('minhs', { account: 'minh' }))
  expect(await box.flush('lan', clock)).toBe('login')
  session = true
  expect(await box.flush('minh', clock)).toBe('sent')
  expect(sent).toEqual(['lans', 'minhs'])
  expect(box.of('minh')).toEqual([])
  expect(ids(box)).toEqual(['lans'])
  box.forgetAll('lan')
  expect(ids(box)).toEqual([])
})

test('an acknowledgement that was over before it could be sent is told so', async () => {
  const { box, sent } = boxWith(() => {
    throw new Problem(409, 'Conflict', 'the acknowledgement would end before it begins')
  })
  box.add(entry('late', { action: 'acknowledge', body: { until: '2026-11-22T02:59:59Z' } }))
  await box.flush('lan', clock)
  expect(sent).toEqual(['late'])
  expect(box.entries.value[0]?.refused).toBe(expired)
})

test('two flushes at once send once', async () => {
  const { box, sent } = boxWith(() => {})
  box.add(entry('e'))
  await Promise.all([box.flush('lan', clock), box.flush('lan', clock)])
  expect(sent).toEqual(['e'])
})

test('two open pages keep each other’s, and what is not ours is left alone', () => {
  const [one, two] = [boxWith(() => {}).box, boxWith(() => {}).box]
  localStorage.setItem('phusong.outbox.broken', '{"id":')
  localStorage.setItem('phusong.theme', 'dark')
  one.add(entry('a'))
  two.add(entry('b'))
  one.reload()
  expect(ids(one)).toEqual(['a', 'b'])
})

test('it is bounded', () => {
  const { box } = boxWith(() => {})
  for (let i = 0; i < 500; i++) localStorage.setItem(`phusong.outbox.${i}`, JSON.stringify(entry(String(i))))
  box.reload()
  expect(() => box.add(entry('more'))).toThrow('full')
})
