declare const self: ServiceWorkerGlobalScope;

/** A new version waits until the page says that it may take over. */
self.addEventListener('message', ({ data }) => {
  if (data === 'takeOver') void self.skipWaiting();
});
