export type Level = 'ok' | 'warning' | 'error';
