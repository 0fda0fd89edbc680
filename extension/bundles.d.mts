import type { BuildOptions } from 'esbuild';

export declare const uninstallBundle: BuildOptions;
