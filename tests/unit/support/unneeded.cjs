/** Stands for what Pulumi's SDK loads to serialize functions, which no program here does. */
module.exports = {};
