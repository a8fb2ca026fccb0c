/** Commands that people give wrongly, and files that are none: what refuses them is reached by nobody else. */
export async function doOddThings(): Promise<void> {}
