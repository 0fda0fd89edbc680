import { render } from 'preact';
import { App } from './app/App';
import { loadTexts } from './base/l10n';
import { Rpc, type VsCodeApi } from './base/rpc';
import './webview.css';

declare function acquireVsCodeApi(): VsCodeApi;

const vscode = acquireVsCodeApi();
loadTexts(document.querySelector<HTMLElement>('[data-l10n]')?.dataset.l10n);
const root = document.getElementById('root');
if (root) render(<App rpc={new Rpc(vscode)} vscode={vscode} />, root);
