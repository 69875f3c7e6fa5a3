// A program that uses much of TypeScript, for the Lua that typescript-to-lua makes of it.
declare function print(this: void, ...values: unknown[]): void;

// Classes: fields, inheritance, accessors, statics, abstract members, generics
abstract class Shape {
  static made = 0;
  protected readonly tags: string[] = [];
  constructor(public readonly name: string) { Shape.made++; }
  abstract area(): number;
  get label(): string { return `${this.name} of ${this.area().toFixed(2)}`; }
  tag(...tags: string[]): this { this.tags.push(...tags); return this; }
  toString(): string { return `<${this.label} ${this.tags.join("+")}>`; }
}
class Circle extends Shape {
  constructor(private radius: number) { super("circle"); }
  area(): number { return Math.PI * this.radius ** 2; }
  set diameter(value: number) { this.radius = value / 2; }
  get diameter(): number { return this.radius * 2; }
}
class Rectangle extends Shape {
  constructor(private width: number, private height: number) { super("rectangle"); }
  area(): number { return this.width * this.height; }
  override toString(): string { return "R" + this.label; }
}
class Stack<T> {
  private items: T[] = [];
  push(item: T): number { return this.items.push(item); }
  pop(): T | undefined { return this.items.pop(); }
  get size(): number { return this.items.length; }
  *[Symbol.iterator](): Generator<T> { for (let i = this.items.length - 1; i >= 0; i--) yield this.items[i]; }
}
const circle = new Circle(2);
circle.diameter = 3;
print(circle.tag("round", "red").toString(), new Rectangle(2, 3).toString(), Shape.made, circle.diameter, circle instanceof Shape, circle instanceof Rectangle);
const stack = new Stack<number>();
for (const n of [3, 1, 4, 1, 5]) stack.push(n * n);
print(stack.size, [...stack].join(), stack.pop(), stack.size);

// Destructuring, spread, defaults, optional chaining
interface Person { name: string; age?: number; address?: { city: string; lines?: string[] } }
const people: Person[] = [{ name: "Ann", age: 30, address: { city: "Rome", lines: ["1", "2"] } }, { name: "Bob" }, { name: "Cid", age: 41, address: { city: "Oslo" } }];
for (const { name, age = 18, address } of people) print(name, age, address?.city ?? "nowhere", address?.lines?.length ?? 0);
const [first, , third, ...rest] = [1, 2, 3, 4, 5];
const { name: renamed, ...others } = people[0];
const merged = { ...people[1], age: 5, extra: [...rest, ...[9, 8]] };
print(first, third, rest.length, renamed, others.age, merged.name, merged.age, merged.extra.join("-"));
function sum(start = 0, ...values: number[]): number { return values.reduce((total, value) => total + value, start); }
print(sum(), sum(1), sum(1, 2, 3), sum(...[4, 5, 6]));
let [a, b] = [1, 2];
[a, b] = [b, a];
print(a, b);

// Arrays and strings
const numbers = Array.from({ length: 10 }, (_, i) => (i * 7) % 10);
print(numbers.join(" "), [...numbers].sort((x, y) => y - x).join(" "), numbers.filter(n => n % 2 === 0).map(n => n * n).join(), numbers.indexOf(5), numbers.includes(11), numbers.some(n => n > 8), numbers.every(n => n >= 0), numbers.find(n => n > 4), numbers.findIndex(n => n === 3), numbers.slice(2, -3).join(), [...numbers].reverse().join(""), numbers.reduceRight((x, y) => x * 2 + y, 0));
const spliced = [1, 2, 3, 4, 5];
print(spliced.splice(1, 2, 7, 8, 9).join(), spliced.join(), spliced.shift(), spliced.unshift(0), spliced.join(), [[1, [2]], [3]].flat().length, [1, 2].flatMap(x => [x, x * 10]).join(), [1, 2, 3].concat([4], [5, 6]).join(), [1, 2, 3].fill(0, 1).join());
const text = "  The quick brown fox  ";
print(text.trim().toUpperCase(), text.trim().split(" ").map(w => w[0] + w.slice(1).toUpperCase()).join("_"), text.indexOf("quick"), text.trim().replace("quick", "slow"), "abc".padStart(6, "*") + "abc".padEnd(5, "-"), "ab".repeat(3), "hello".charAt(1), "hello".charCodeAt(1), "hello".substring(1, 3), "hello".startsWith("he"), "hello".endsWith("lo"), "a-b-c".split("-").length, "x,y".includes(","), "trim  ".trimEnd() + "|", "aXbX".replaceAll("X", "."), String.fromCharCode(72, 105), "hello".substr(1, 3), "ABC".toLowerCase(), [..."héy"].length > 2);
print((255).toString(16), (3.14159).toFixed(2), Number("12.5"), Number.isInteger(5.0), parseInt("42px"), parseFloat("2.5e3x"), Number.isNaN(Number("x")), Math.max(...numbers), Math.min(1, -1), Math.floor(-2.5), Math.round(2.5), Math.sign(-3), Math.trunc(-2.7), Math.abs(-5), 7 % 3, -7 % 3, 1 << 10, -1 >>> 28, 6 & 3, 6 ^ 3, ~5);

// Maps, sets, symbols, JSON-like walking
const counts = new Map<string, number>();
for (const word of "to be or not to be that is the question to".split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1);
print([...counts.entries()].sort(([x, n], [y, m]) => m - n || (x < y ? -1 : 1)).map(([w, n]) => `${w}:${n}`).join(" "), counts.size, counts.has("be"), counts.delete("be"), counts.has("be"));
const unique = new Set([3, 1, 3, 2, 1]);
unique.add(9).delete(3);
print([...unique].join(), unique.size, unique.has(9));
counts.forEach((n, w) => { if (n > 1) print("often", w, n); });
const weak = new WeakMap<object, number>();
weak.set(circle, 5);
print(weak.get(circle), weak.has({}));
print(Object.keys({ only: 1 }).join(), Object.values({ x: 2 }).join(), Object.entries({ k: "v" })[0].join("="), Object.assign({ p: 1 }, { q: 2 }).q, Object.fromEntries([["z", 26]]).z);

// Generators and iterators
function* fibonacci(): Generator<number, string, number | undefined> {
  let [x, y] = [0, 1];
  while (true) {
    const skip = yield x;
    for (let i = 0; i < (skip ?? 1); i++) [x, y] = [y, x + y];
    if (x > 1000) return "end";
  }
}
const fib = fibonacci();
print(fib.next().value, fib.next().value, fib.next(5).value, fib.next().value, fib.next(20).done);
function* take<T>(source: Iterable<T>, count: number): Generator<T> { for (const item of source) { if (count-- <= 0) return; yield item; } }
function* delegating(): Generator<number> { yield* [1, 2]; yield* take(fibonacci(), 4); }
print([...take(fibonacci(), 10)].join(), [...delegating()].join());
class Range implements Iterable<number> {
  constructor(private from: number, private to: number) {}
  [Symbol.iterator](): Iterator<number> {
    let at = this.from;
    return { next: () => at <= this.to ? { value: at++, done: false } : { value: undefined as unknown as number, done: true } };
  }
}
print([...new Range(2, 6)].join(), Math.max(...new Range(1, 4)));

// Exceptions
class Problem extends Error { constructor(message: string, readonly code: number) { super(message); this.name = "Problem"; } }
function risky(kind: number): string {
  try {
    if (kind === 1) throw new Problem("bad", 7);
    if (kind === 2) throw "a string";
    if (kind === 3) return "returned";
    return "normal";
  } catch (problem) {
    if (problem instanceof Problem) return `${problem.name} ${problem.message} ${problem.code}`;
    throw problem;
  } finally { print("finally", kind); }
}
for (const kind of [0, 1, 3]) print(risky(kind));
try { risky(2); } catch (problem) { print("outer", problem); }
for (let i = 0; i < 5; i++) { if (i === 2) continue; for (let j = 0; j < 5; j++) { if (j === 2) break; print(i, j); } }
switch (numbers.length as number) { case 9: print("nine"); case 10: print("ten"); case 11: print("falls through"); break; default: print("never"); }
enum Colour { Red, Green = 5, Blue }
const enum Flag { A = 1, B = 2 }
print(Colour.Red, Colour.Blue, Colour[5], Flag.A | Flag.B);
let n = 0;
do { n += 3; } while (n < 10);
n ||= 5; n &&= n + 1;
let missing: number | undefined;
missing ??= 8;
print(n, missing, typeof n, typeof "s", typeof print, typeof undefined, n > 5 ? "big" : "small", void 0);

// Promises and async functions
const later: (() => void)[] = [];
const pause = <T>(value: T) => new Promise<T>(resolve => { later.push(() => resolve(value)); });
async function compute(x: number): Promise<number> {
  const doubled = await pause(x * 2);
  if (doubled > 10) throw new Problem("too big", doubled);
  return doubled + (await pause(1));
}
async function main(): Promise<void> {
  print("start", await compute(2));
  try { await compute(6); } catch (problem) { print("caught", (problem as Problem).code); }
  const all = await Promise.all([compute(1), compute(3), Promise.resolve(5)]);
  print("all", all.join());
  print("race", await Promise.race([pause("slow"), Promise.resolve("fast")]));
  const settled = await Promise.allSettled([compute(9), compute(1)]);
  print("settled", settled.map(s => s.status).join());
}
main().then(() => print("done")).finally(() => print("cleaned up"));
for (let turn = 0; later.length > 0; turn++) { const job = later.shift()!; job(); if (turn > 100) break; }

// Closures, memoisation, a small interpreter
const memo = <A, R>(f: (this: void, argument: A) => R) => { const cache = new Map<A, R>(); return (argument: A): R => { if (!cache.has(argument)) cache.set(argument, f(argument)); return cache.get(argument)!; }; };
const slow = memo((k: number): number => k < 2 ? k : slow(k - 1) + slow(k - 2));
print(slow(50));
type Expression = number | [string, Expression, Expression];
const operations: Record<string, (x: number, y: number) => number> = { "+": (x, y) => x + y, "*": (x, y) => x * y, "-": (x, y) => x - y };
const evaluate = (e: Expression): number => typeof e === "number" ? e : operations[e[0]](evaluate(e[1]), evaluate(e[2]));
print(evaluate(["+", 2, ["*", 3, ["-", 10, 4]]]));
let checksum = 0;
for (let i = 0; i < 20000; i++) { const p = { x: i, y: i * 2 }; checksum = ((checksum * 31 + p.x) ^ p.y) % 1000003; }
print(checksum);
