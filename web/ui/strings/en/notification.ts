export const notification = {
  callFrom: (who: string) => `Call from ${who}`,
  somebody: 'somebody',
  tapToAnswer: 'Tap to answer',
};
