/** Stands for what a library loads and no program here uses (jest.config.mjs says which). */
module.exports = {};
