const firstPicture = 0x2400;
const deletePicture = "\u2421";
const replacement = "\uFFFD";

// C0 but tab and newline, DEL, C1, and the characters that reorder the text around them.
// eslint-disable-next-line no-control-regex -- control characters are what this file is about
const dangerous = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g;

/**
 * Text that a terminal only shows: control characters become pictures of themselves (ESC is ␛), so no
 * escape sequence in a model's answer moves the cursor, sets a title or hides text. A carriage return goes:
 * before a newline it means nothing, alone it would overwrite the line.
 */
export function terminalText(text: string): string {
  return text.replace(dangerous, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\r") return "";
    if (code === 0x7f) return deletePicture;
    return code < 0x20 ? String.fromCharCode(firstPicture + code) : replacement;
  });
}
