// People and addresses that exist in Europe, and who carries parcels there.
import type { Random } from '../random.js';
import type { Address } from '../records.js';

type Choices<T> = readonly [T, ...T[]];
type Place = readonly [country: string, city: string, postalCode: string, street: string];

const places: Choices<Place> = [
  ['DE', 'Berlin', '10969', 'Ritterstraße'],
  ['DE', 'Berlin', '12047', 'Sanderstraße'],
  ['DE', 'Hamburg', '20357', 'Schanzenstraße'],
  ['DE', 'München', '80469', 'Fraunhoferstraße'],
  ['DE', 'Köln', '50674', 'Aachener Straße'],
  ['DE', 'Leipzig', '04109', 'Käthe-Kollwitz-Straße'],
  ['DE', 'Dresden', '01099', 'Alaunstraße'],
  ['DE', 'Stuttgart', '70178', 'Tübinger Straße'],
  ['DE', 'Münster', '48143', 'Salzstraße'],
  ['FR', 'Paris', '75011', 'Rue Oberkampf'],
  ['FR', 'Lyon', '69007', 'Avenue Jean Jaurès'],
  ['FR', 'Marseille', '13006', 'Cours Julien'],
  ['FR', 'Nantes', '44000', "Rue de l'Échelle"],
  ['FR', 'Bordeaux', '33000', 'Rue Sainte-Catherine'],
  ['ES', 'Madrid', '28004', 'Calle de Hortaleza'],
  ['ES', 'Barcelona', '08012', 'Carrer de Verdi'],
  ['ES', 'València', '46005', 'Carrer de Sueca'],
  ['ES', 'Sevilla', '41003', 'Calle Feria'],
  ['IT', 'Milano', '20144', 'Via Tortona'],
  ['IT', 'Roma', '00153', 'Via della Lungaretta'],
  ['IT', 'Torino', '10125', 'Via Madama Cristina'],
  ['IT', 'Bologna', '40126', 'Via Zamboni'],
  ['NL', 'Amsterdam', '1053 RT', 'Kinkerstraat'],
  ['NL', 'Utrecht', '3511 LX', 'Oudegracht'],
  ['BE', 'Gent', '9000', 'Sint-Pietersnieuwstraat'],
  ['BE', 'Bruxelles', '1050', "Chaussée d'Ixelles"],
  ['AT', 'Wien', '1070', 'Neubaugasse'],
  ['AT', 'Graz', '8020', 'Mariahilferstraße'],
  ['CH', 'Zürich', '8004', 'Langstrasse'],
  ['PL', 'Warszawa', '00-545', 'ul. Marszałkowska'],
  ['PL', 'Kraków', '31-055', 'ul. Miodowa'],
  ['CZ', 'Praha', '120 00', 'Mánesova'],
  ['DK', 'København', '2200', 'Elmegade'],
  ['SE', 'Göteborg', '413 01', 'Linnégatan'],
  ['IE', 'Dublin', 'D08 X2A7', 'Clanbrassil Street'],
  ['PT', 'Porto', '4050-316', 'Rua de Miguel Bombarda'],
  ['GR', 'Volos', '38221', 'Kassaveti'],
];

// biome-ignore format: a list of words
const firstNames: Choices<string> = [
  'Anna', 'Ben', 'Camille', 'Chloé', 'Daan', 'Elena', 'Emil', 'Fatma', 'Giulia', 'Hugo', 'Inès', 'Jonas', 'Katarzyna',
  'Lena', 'Léa', 'Łukasz', 'Marta', 'Mehmet', 'Nina', 'Noé', 'Ole', 'Paula', 'Quentin', 'Rosa', 'Sofía', 'Søren',
  'Tim', 'Ulrike', 'Viktor', 'Zoë',
];
// biome-ignore format: a list of words
const lastNames: Choices<string> = [
  'Andersen', 'Bauer', 'Bianchi', 'Costa', "D'Angelo", 'de Vries', 'Dubois', 'Fernández', 'Fischer', 'García',
  'Jansen', 'Kowalski', 'Lefèvre', 'Martin', 'Meyer', 'Moreau', 'Müller', 'Nowak', "O'Brien", 'Papadopoulos',
  'Petit', 'Rossi', 'Schäfer', 'Schmidt', 'Silva', 'Svensson', 'van den Berg', 'Wagner', 'Weiß', 'Yılmaz',
];
const secondLines: Choices<string> = ['Hinterhaus', '3. OG', 'Apt. 12', 'c/o Meyer', 'Bât. B, 2e étage', '2º izq.'];
const companies: Choices<string> = ['Studio Nord GmbH', 'Atelier Lumière SARL', 'Casa Verde S.L.', 'Bottega 21 S.r.l.'];

const carriers: Record<string, Choices<string>> = {
  DE: ['DHL', 'DHL', 'DPD', 'Hermes'],
  FR: ['Colissimo', 'Mondial Relay', 'Chronopost'],
  ES: ['Correos', 'SEUR', 'GLS'],
  IT: ['BRT', 'GLS', 'Poste Italiane'],
};
const otherCarriers: Choices<string> = ['DHL', 'DPD', 'GLS', 'UPS'];

const trackingPages: Record<string, string> = {
  DHL: 'https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=',
  DPD: 'https://tracking.dpd.de/status/de_DE/parcel/',
  Colissimo: 'https://www.laposte.fr/outils/suivre-vos-envois?code=',
  UPS: 'https://www.ups.com/track?tracknum=',
  GLS: 'https://gls-group.com/track/',
};

export function makeAddress(random: Random): Address {
  const [country, city, postalCode, street] = random.pick(places);
  const first = random.pick(firstNames);
  const last = random.pick(lastNames);
  const mail = `${first}.${last}`
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z.]/g, '');
  const extra = random.next();
  return {
    first_name: first,
    last_name: last,
    full_name: `${first} ${last}`,
    email: extra < 0.1 ? null : `${mail}@example.com`,
    phone: extra < 0.55 ? null : `+49 30 ${random.between(1_000_000, 9_999_999)}`,
    company: extra > 0.93 ? random.pick(companies) : null,
    line1: `${street} ${random.between(1, 140)}`,
    line2: extra > 0.3 && extra < 0.36 ? '' : extra > 0.8 ? random.pick(secondLines) : null,
    city,
    country_code: country,
    postal_code: postalCode,
    parcel_point_id: random.chance(0.06) ? String(random.between(10_000, 99_999)) : null,
  };
}

export function pickCarrier(random: Random, country: string): string {
  return random.pick(carriers[country] ?? otherCarriers);
}

/** A tracking code in the carrier's style, and the page that follows it ('' when the carrier has none). */
export function makeTracking(random: Random, carrier: string): { code: string; url: string } {
  const code =
    carrier === 'DHL'
      ? `0034043${random.digits(13)}`
      : carrier === 'UPS'
        ? `1Z${random.digits(16)}`
        : random.digits(14);
  const page = trackingPages[carrier];
  return { code, url: page ? page + code : '' };
}
