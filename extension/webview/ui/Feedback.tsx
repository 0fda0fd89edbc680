// The three things a view may have to say instead of showing data: wait, failed, nothing there.
import type { ComponentChildren } from 'preact';
import { t } from '../base/l10n';

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}
    </p>
  );
}

export function Failed({ message, onRetry }: { message: string; onRetry(): void }) {
  return (
    <div class="message failed" role="alert">
      <p>{message}</p>
      <button type="button" class="button secondary" onClick={onRetry}>
        {t('Try again')}
      </button>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="message empty">
      <h3>{title}</h3>
      {children}
    </div>
  );
}
