export const telephone = {
  title: 'Phone',
};
