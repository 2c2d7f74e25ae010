/** An IANA time zone (`Europe/Berlin`, `UTC`), written as the tz database writes it. Offsets such as +02:00 are not. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z][A-Za-z0-9]*([/_+-][A-Za-z0-9]+)*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
