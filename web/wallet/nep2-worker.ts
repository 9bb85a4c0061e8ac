// Before any schema is made.
import '../ui/no-eval.ts';

import { decryptKey, encryptKey, type Nep2Request } from './nep2.ts';

/** Beside the page, which stays alive meanwhile. It answers once; whoever started it ends it then. */
addEventListener('message', ({ data }: MessageEvent<Nep2Request>) => {
  if ('privateKey' in data) postMessage(encryptKey(data.privateKey, data.password));
  else postMessage(decryptKey(data.encrypted, data.password, data.cost));
});
