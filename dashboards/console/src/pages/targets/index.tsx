import { Page } from '../../ui'

export default function Targets() {
  return <Page title="Targets">…</Page>
}
