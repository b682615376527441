export function plot() {
  return '';
}
