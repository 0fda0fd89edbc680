// Loads the native core. A machine it was not built for must cost the user a message, not the extension host.
import path from 'node:path';
import { l10n } from 'vscode';
import type { CoreModule } from '../../shared/core';

/** What this machine is called in the addon's file name and in the marketplace. */
export const platform = `${process.platform}-${process.arch}`;

export class AddonError extends Error {}

/** Loads the addon that lies beside the bundle. Called once there is Go to watch, never during activation. */
export function loadAddon(folder: string): CoreModule {
  const file = path.join(folder, `stallscope.${platform}.node`);
  let loaded: unknown;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- only `require` loads a native addon
    loaded = require(file);
  } catch (error) {
    throw new AddonError(
      l10n.t(
        "Stallscope's native part for {platform} cannot be loaded, so gopls is not watched. Install the Stallscope version for this platform. ({reason})",
        { platform, reason: firstLine(error) },
      ),
    );
  }
  if (!isCoreModule(loaded)) {
    throw new AddonError(
      l10n.t("Stallscope's native part ({file}) does not belong to this version. Reinstall the extension.", {
        file,
      }),
    );
  }
  return loaded;
}

function isCoreModule(value: unknown): value is CoreModule {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createCore' in value &&
    typeof value.createCore === 'function'
  );
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
