/** What only Node has. */
export {};
