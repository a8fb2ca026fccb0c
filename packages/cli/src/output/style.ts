/** Colours where the terminal shows them: `util.styleText` respects NO_COLOR, FORCE_COLOR and pipes. */
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

type Style = (text: string) => string;

const on =
  (format: Format): Style =>
  (text) =>
    styleText(format, text, { stream: process.stdout });

export const bold: Style = on('bold');
export const dim: Style = on('dim');
export const good: Style = on('green');
export const warning: Style = on('yellow');

/** For what goes to stderr. */
export const alarm = (text: string): string => styleText('red', text, { stream: process.stderr });
export const aside = (text: string): string => styleText('dim', text, { stream: process.stderr });
