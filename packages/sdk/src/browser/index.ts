/** What a browser has. */
export {};
