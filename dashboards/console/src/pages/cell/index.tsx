import { Page } from '../../ui'

export default function Cell() {
  return <Page title="Cell">…</Page>
}
