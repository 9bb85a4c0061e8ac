/** True in a build for a devnet alone: what stands behind it is not in the build for the public. */
declare const DEVNET: boolean;

/** Of package.json, and what tells two builds of it apart. */
declare const VERSION: string;
