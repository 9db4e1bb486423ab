// Prints the creation code of 0G's flow and market contracts, as the official package carries it.
const root = `${__dirname}/node_modules/@0gfoundation/0g-ts-sdk`;
const load = (file) => require(`${root}/lib.commonjs/contracts/${file}`);
const { FixedPriceFlow__factory: Flow } = load("flow/factories/FixedPriceFlow__factory.js");
const { FixedPrice__factory: Market } = load("market/factories/FixedPrice__factory.js");
console.log(JSON.stringify({ flow: Flow.bytecode, market: Market.bytecode }));
