export const purse = {
  title: 'Purse',
};
