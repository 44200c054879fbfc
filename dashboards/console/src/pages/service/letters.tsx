// Dead letters: messages that were refused, why, and how to take them in after all.
import { useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { dateTime, number } from '../../format'
import { ActForm, Dialog, Empty, Loaded, Table, toast } from '../../ui'
import { words } from '../../words'
import { bytesOf, shownOf } from './payload'
import { ReplayAll } from './replayall'

const w = words({
  vi: {
    title: 'Bản tin bị từ chối', why: 'Được giữ lại nguyên vẹn cùng lý do. Khi đã sửa nguyên nhân (danh mục, giải mã, thiết bị), cho xử lý lại; bản đã lưu không bị lưu hai lần.', none: 'Không có bản tin nào bị từ chối', noneHow: 'Mọi bản tin nhận được đều hợp lệ.', first: 'Cũ nhất trước.',
    time: 'Lúc', topic: 'Chủ đề', reason: 'Lý do', kind: 'Loại lỗi', count: 'Số lần', size: 'Cỡ', pick: 'Chọn', pickOne: (t: string) => `Chọn bản tin ở ${t}`, open: 'Xem', next: 'Trang sau', start: 'Về đầu', payload: 'Nội dung', hex: 'Không phải văn bản: hiện theo byte', text: 'Văn bản', empty: 'Bản tin rỗng',
    cut: (n: string, all: string) => `Chỉ giữ ${n} / ${all} byte đầu`, replay: (n: string) => `Xử lý lại ${n} bản tin đã chọn`, replayOne: 'Xử lý lại bản tin này', replayAll: 'Xử lý lại tất cả', sureHow: 'Mỗi bản tin đi lại từ đầu như vừa nhận. Bản nào vẫn sai sẽ lại nằm ở đây với lý do mới.',
    done: (n: string) => `Đã xử lý lại ${n} bản tin; tất cả được nhận.`, again: (n: string, refused: string) => `Đã xử lý lại ${n} bản tin; ${refused} bản vẫn bị từ chối và hiện lại trong danh sách.`, nothing: 'Không có bản tin nào được xử lý lại: chúng không còn trong nhật ký.', bytes: (n: string) => `${n} B`, times: (n: string) => `${n} lần`,
  },
  en: {
    title: 'Dead letters', why: 'What was refused is kept as it came, with the reason. When its cause is mended (registry, codec, device), have it processed again; nothing is stored twice.', none: 'No message was refused', noneHow: 'All that came was valid.', first: 'Oldest first.',
    time: 'At', topic: 'Topic', reason: 'Reason', kind: 'Class', count: 'Times', size: 'Size', pick: 'Choose', pickOne: (t: string) => `Choose the message on ${t}`, open: 'Look', next: 'Next page', start: 'To the first', payload: 'Payload', hex: 'Not text: shown byte by byte', text: 'Text', empty: 'The message is empty',
    cut: (n: string, all: string) => `Only the first ${n} of ${all} bytes were kept`, replay: (n: string) => `Process ${n} chosen again`, replayOne: 'Process this one again', replayAll: 'Process all again', sureHow: 'Each goes the whole way as if it had just come. What is still wrong comes back here with its new reason.',
    done: (n: string) => `${n} messages were processed again; all were taken in.`, again: (n: string, refused: string) => `${n} messages were processed again; ${refused} were refused again and are back in the list.`, nothing: 'Nothing was processed again: they are not in the log any more.', bytes: (n: string) => `${n} B`, times: (n: string) => `${n} times`,
  },
})

type Letter = Schemas['Letter']
const pageSize = 25

/** Processes letters again, and says what came of it. */
async function replay(ids: string[]): Promise<void> {
  const { replayed, refused } = await answer(api.POST('/api/v1/deadletters/replay', { body: { ids } }))
  if (replayed === 0) toast(w().nothing, 'warning')
  else if (refused > 0) toast(w().again(number(replayed), number(refused)), 'warning')
  else toast(w().done(number(replayed)))
}

export function Letters() {
  const [after, page] = useState('')
  const [picked, pick] = useState<ReadonlySet<string>>(new Set())
  const [shown, open] = useState<Letter>()
  const [asking, ask] = useState<'picked' | 'all'>()
  const data = useData('letters ' + after, (signal) => answer(api.GET('/api/v1/deadletters', { params: { query: { limit: pageSize, ...(after && { after }) } }, signal })), { every: 60_000 })
  const finished = () => {
    pick(new Set())
    ask(undefined)
    open(undefined)
    data.reload()
  }
  const toggle = (id: string) => pick(new Set(picked.has(id) ? [...picked].filter((x) => x !== id) : [...picked, id]))
  return (
    <section class="stack" data-testid="dead-letters">
      <h2>{w().title}</h2>
      <span class="quiet">{w().why}</span>
      <Loaded data={data}>
        {(value) =>
          value.items.length === 0 && after === '' ? (
            <Empty title={w().none}>{w().noneHow}</Empty>
          ) : (
            <>
              <div class="row">
                <button class="main" disabled={picked.size === 0} onClick={() => ask('picked')}>{w().replay(number(picked.size))}</button>
                <button onClick={() => ask('all')} data-testid="replay-all">{w().replayAll}</button>
                <span class="quiet">{w().first}</span>
              </div>
              <LetterTable list={value.items} picked={picked} toggle={toggle} open={open} />
              <div class="row">
                <button disabled={after === ''} onClick={() => page('')}>{w().start}</button>
                <button disabled={!value.next} onClick={() => value.next && page(value.next)}>{w().next}</button>
              </div>
            </>
          )
        }
      </Loaded>
      {shown && <LetterDialog letter={shown} close={() => open(undefined)} done={finished} />}
      {asking === 'all' && <ReplayAll close={() => ask(undefined)} done={finished} />}
      {asking === 'picked' && (
        <Dialog title={w().replay(number(picked.size))} close={() => ask(undefined)}>
          <ActForm act={() => replay([...picked])} done={finished} submit={w().replay(number(picked.size))} cancel={() => ask(undefined)}>
            <span>{w().sureHow}</span>
          </ActForm>
        </Dialog>
      )}
    </section>
  )
}

function LetterTable({ list, picked, toggle, open }: { list: Letter[]; picked: ReadonlySet<string>; toggle: (id: string) => void; open: (l: Letter) => void }) {
  return (
    <Table
      label={w().title}
      rows={list}
      rowKey={(l) => l.id}
      columns={[
        { title: w().pick, cell: (l) => <input type="checkbox" checked={picked.has(l.id)} aria-label={w().pickOne(l.topic)} onChange={() => toggle(l.id)} /> },
        { title: w().time, cell: (l) => dateTime(l.time) },
        { title: w().reason, cell: (l) => <>{l.reason}<div class="quiet">{l.class}{l.count > 1 && ` · ${w().times(number(l.count))}`}</div></> },
        { title: w().topic, cell: (l) => <code>{l.topic}</code> },
        { title: w().size, number: true, cell: (l) => w().bytes(number(l.size)) },
        { title: w().payload, cell: (l) => <button type="button" onClick={() => open(l)} aria-label={`${w().open}: ${l.topic}`}>{w().open}</button> },
      ]}
    />
  )
}

function LetterDialog({ letter, close, done }: { letter: Letter; close: () => void; done: () => void }) {
  const payload = bytesOf(letter.payload)
  const cut = payload.length < letter.size
  const shown = shownOf(payload, cut)
  return (
    <Dialog title={w().payload} close={close}>
      <dl class="facts">
        <dt>{w().time}</dt><dd>{dateTime(letter.time)}</dd>
        <dt>{w().topic}</dt><dd><code>{letter.topic}</code></dd>
        <dt>{w().reason}</dt><dd>{letter.reason}</dd>
        <dt>{w().kind}</dt><dd>{letter.class}</dd>
      </dl>
      <span class="quiet">{shown.kind === 'empty' ? w().empty : shown.kind === 'hex' ? w().hex : w().text}{cut && ` · ${w().cut(number(payload.length), number(letter.size))}`}</span>
      {shown.kind !== 'empty' && <pre class={`payload ${shown.kind}`} tabIndex={0} aria-label={w().payload} data-testid="payload">{shown.text}</pre>}
      <ActForm act={() => replay([letter.id])} done={done} submit={w().replayOne} cancel={close} />
    </Dialog>
  )
}
