// All dead letters are processed again, part by part: how many of how many, how many were refused
// again, and a button that stops it after the part under way.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem, answer, api } from '../../api/client'
import { number } from '../../format'
import { Dialog, ProblemNote, Progress } from '../../ui'
import { words } from '../../words'

const w = words({
  vi: {
    title: 'Xử lý lại tất cả bản tin bị từ chối?', how: 'Mỗi bản tin đi lại từ đầu như vừa nhận. Bản nào vẫn sai sẽ lại nằm ở đây với lý do mới. Có thể dừng giữa chừng: phần chưa làm vẫn được giữ nguyên.', start: 'Xử lý lại tất cả', cancel: 'Hủy', stop: 'Dừng lại', stopping: 'Đang dừng sau phần này…', close: 'Đóng', on: 'Làm tiếp',
    counting: 'Đang đếm và xử lý phần đầu…', progress: (n: string, of: string) => `Đã xử lý ${n} / ${of} bản tin`, taken: (n: string) => `${n} được nhận`, refused: (n: string) => `${n} vẫn bị từ chối`, finished: (n: string) => `Xong: đã xử lý ${n} bản tin.`, stopped: (n: string, left: string) => `Đã dừng: xử lý ${n}, còn ${left} bản tin chưa làm.`, nothing: 'Không có bản tin nào xử lý lại được: chúng không còn, hoặc không được giữ trọn vẹn.',
  },
  en: {
    title: 'Process all refused messages again?', how: 'Each goes the whole way as if it had just come. What is still wrong comes back here with its new reason. It can be stopped at any time: what was not yet processed stays as it is.', start: 'Process all again', cancel: 'Cancel', stop: 'Stop', stopping: 'Stopping after this part…', close: 'Close', on: 'Go on',
    counting: 'Counting and processing the first…', progress: (n: string, of: string) => `${n} of ${of} messages processed`, taken: (n: string) => `${n} taken in`, refused: (n: string) => `${n} refused again`, finished: (n: string) => `Finished: ${n} messages were processed.`, stopped: (n: string, left: string) => `Stopped: ${n} were processed, ${left} are left.`, nothing: 'None could be processed: they are not there any more, or were not kept whole.',
  },
})

/** So many at once: a part takes a moment, and the figures move. */
const part = 500

interface Count {
  done: number
  refused: number
  left: number
  /** The service's own mark of where it began: what is refused again lies behind it. */
  before: string
}

type State = { at: 'asked' } | { at: 'running'; count?: Count; stopping?: boolean } | { at: 'ended'; count: Count; problem?: Problem }

export function ReplayAll({ close, done }: { close: () => void; done: () => void }) {
  const [state, set] = useState<State>({ at: 'asked' })
  const stop = useRef(false)
  useEffect(() => () => void (stop.current = true), []) // nobody looks any more

  const run = async (from?: Count) => {
    stop.current = false
    let count = from
    set({ at: 'running', ...(count && { count }) })
    try {
      do {
        const { replayed, refused, left, before } = await answer(api.POST('/api/v1/deadletters/replay', { body: { all: true, limit: part, ...(count && { before: count.before }) } }))
        count = { done: (count?.done ?? 0) + replayed, refused: (count?.refused ?? 0) + refused, left, before }
        set({ at: 'running', count, stopping: stop.current })
        if (replayed === 0) break // the rest cannot be processed
      } while (count.left > 0 && !stop.current)
      set({ at: 'ended', count })
    } catch (e) {
      set({ at: 'ended', count: count ?? { done: 0, refused: 0, left: 0, before: '' }, problem: e instanceof Problem ? e : new Problem(0, 'offline', String(e)) })
    }
  }
  const leave = () => (state.at === 'asked' ? close() : done())
  return (
    <Dialog title={w().title} close={leave}>
      {state.at === 'asked' && (
        <>
          <span>{w().how}</span>
          <div class="row">
            <button type="button" class="main" onClick={() => void run()} data-testid="replay-start">{w().start}</button>
            <button type="button" onClick={close}>{w().cancel}</button>
          </div>
        </>
      )}
      {state.at === 'running' && (
        <>
          {state.count ? <Progress label={w().progress(number(state.count.done), number(state.count.done + state.count.left))} done={state.count.done / Math.max(1, state.count.done + state.count.left)} /> : <Progress label={w().counting} />}
          {state.count && <Figures count={state.count} />}
          <div class="row">
            <button type="button" disabled={state.stopping} onClick={() => ((stop.current = true), set({ ...state, stopping: true }))} data-testid="replay-stop">{state.stopping ? w().stopping : w().stop}</button>
          </div>
        </>
      )}
      {state.at === 'ended' && <Ended {...state} on={() => void run(state.count.before ? state.count : undefined)} close={leave} />}
    </Dialog>
  )
}

function Figures({ count }: { count: Count }) {
  return (
    <span class="quiet" role="status" data-testid="replay-figures">
      {w().taken(number(Math.max(0, count.done - count.refused)))} · {w().refused(number(count.refused))}
    </span>
  )
}

function Ended({ count, problem, on, close }: { count: Count; problem?: Problem; on: () => void; close: () => void }) {
  const more = problem !== undefined || (count.left > 0 && count.done > 0)
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {(count.done > 0 || !problem) && <strong role="status" data-testid="replay-ended">{count.done === 0 ? w().nothing : count.left > 0 ? w().stopped(number(count.done), number(count.left)) : w().finished(number(count.done))}</strong>}
      {count.done > 0 && <Figures count={count} />}
      <div class="row">
        {more && <button type="button" class="main" onClick={on}>{w().on}</button>}
        <button type="button" onClick={close}>{w().close}</button>
      </div>
    </>
  )
}
