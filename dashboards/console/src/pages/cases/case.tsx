import { Page } from '../../ui'

export default function Case() {
  return <Page title="Case">…</Page>
}
