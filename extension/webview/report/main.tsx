import { render } from 'preact';
import type { ReportPage } from '../../shared/model';
import { setLocale } from '../base/format';
import '../webview.css';
import { ReportHost } from './host';
import { ReportApp } from './ReportApp';
import './report.css';

// English throughout, numbers as well: a report is for whoever it is sent to.
setLocale('en');
const content = document.getElementById('report')?.textContent;
const root = document.getElementById('root');
if (root && content) {
  const page = JSON.parse(content) as ReportPage;
  render(<ReportApp page={page} host={new ReportHost(page)} />, root);
}
