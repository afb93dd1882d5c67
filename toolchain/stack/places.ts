/** Where the services of docker-compose.yml really are when there are no containers: `redis:6379` → `127.0.0.1:40123`. */
export type Places = ReadonlyMap<string, string>;

const PLACE = /(?<=^|[/@=,])([a-z][a-z0-9-]*:\d{2,5})(?=$|[/?,])/g;

/** The same text with every address of a service replaced by its real one. Throws where one is not known. */
export function placed(text: string, places: Places): string {
  return text.replaceAll(PLACE, (address) => {
    const found = places.get(address);
    if (found === undefined) throw new Error(`nothing here stands for ${address}`);
    return found;
  });
}
